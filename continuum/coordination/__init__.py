"""Several instances of one tenant's agents: who is running, and how what they learnt apart comes together."""
