"""A recipe in the words of transformers' Trainer."""

import sys
from pathlib import Path

import torch
from transformers import TrainingArguments

from finetune.models.precision import Precision
from finetune.recipe import Recipe


def training_arguments(recipe: Recipe, precision: Precision, work: Path) -> TrainingArguments:
    """Return the arguments of a training in a work folder."""
    return TrainingArguments(
        output_dir=str(work / "checkpoints"),
        use_cpu=not torch.accelerator.is_available(),
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,  # below 1 it is a share
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.grad_clip,
        bf16=precision.precision == "bf16",
        fp16=precision.precision == "fp16",
        activation_checkpointing=recipe.checkpointing,
        seed=recipe.seed,
        data_seed=recipe.seed,
        eval_strategy="steps",
        eval_steps=recipe.evaluate_every or 0.1,  # below 1 it is a share
        save_strategy="steps",
        save_steps=recipe.save_every or sys.maxsize,  # besides, one is saved at the end
        save_total_limit=2,
        logging_steps=10 if torch.accelerator.is_available() else 1,  # each log waits for the device
        logging_first_step=True,
        logging_nan_inf_filter=False,  # a loss that is not a number is shown as such
        log_level="error",
        report_to=[],  # `trackers` hands the events on
        run_name=work.name.removesuffix(".partial"),
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        accelerator_config={"non_blocking": True},  # batches are copied while the device computes
        ddp_find_unused_parameters=False,
    )
