"""The one policy for everything that tools send out of the machine: who may be reached, how much, and how long.

`gate` is the only place where a connection is made. `fetch` sends requests through it; everything else in here is a
part of that.
"""

from brain.egress.bound_hosts import BoundHosts
from brain.egress.failures import BadStatus
from brain.egress.fetch import Egress
from brain.egress.gate import Gate, Resolver
from brain.egress.page import FetchedPage
from brain.egress.policy import EgressPolicy
from brain.egress.request import Body, MediaTypes, WebRequest

__all__ = [
    "BadStatus",
    "Body",
    "BoundHosts",
    "Egress",
    "EgressPolicy",
    "FetchedPage",
    "Gate",
    "MediaTypes",
    "Resolver",
    "WebRequest",
]
