"""The one policy for everything that tools send out of the machine: who may be reached, how much, and how long."""

from brain.egress.fetch import Egress, EgressPolicy, FetchedPage, Resolver

__all__ = ["Egress", "EgressPolicy", "FetchedPage", "Resolver"]
