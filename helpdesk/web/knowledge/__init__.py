"""Knowledge pages: posts with a place in a tree."""
