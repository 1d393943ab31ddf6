"""The JSON faces: addresses that only programs use, and the shapes of their answers."""
