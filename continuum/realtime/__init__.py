"""Live sync: what one instance learns, the others of its tenant hear at once, over WebSockets."""
