"""Operations: long work on many rows, one file each, and the engine that runs them."""
