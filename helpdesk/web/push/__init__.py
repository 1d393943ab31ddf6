"""The devices of people that get pushes, for their browsers and for programs (contract §5)."""
