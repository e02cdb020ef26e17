"""A corpus as rows of token ids: reading and checking it, cutting rows, their order, and batches of tensors."""
