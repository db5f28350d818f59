"""HTTP only, thin: requests in, engine calls, answers out."""
