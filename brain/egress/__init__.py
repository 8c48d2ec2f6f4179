"""The one policy for everything that tools send out of the machine: who may be reached, how much, and how long."""

from brain.egress.bound_hosts import BoundHosts
from brain.egress.fetch import Egress, EgressPolicy, FetchedPage, Resolver

__all__ = ["BoundHosts", "Egress", "EgressPolicy", "FetchedPage", "Resolver"]
