"""`dungeon finetune export`: writes a voice for other programs, and checks that it still predicts the same."""
