"""The arguments of timm's train.py (1.0), whose args.yaml may be a recipe, and their treatment.

train.py is no part of timm's package, so its arguments and their defaults are listed here. An
args.yaml has all of them as they were parsed, which is before train.py computes others from them.
"""

from dataclasses import dataclass
from typing import Literal

Treatment = Literal["obeyed", "ignored", "elsewhere", "refused"]

SIGNS = ("model", "opt", "sched", "weight_decay", "log_interval")
"""Keys that every args.yaml has; `log_interval` is no key of a recipe, nor is `model`."""


@dataclass(frozen=True)
class TrainArgument:
    """An argument of train.py."""

    default: object
    treatment: Treatment
    """Obeyed: a key of a recipe, of the same name. Ignored: it changes no result. Elsewhere:
    another part of the study says it. Refused: only the default can be followed."""
    why: str = ""
    """The reason for any treatment but the first."""


def _obeyed(**defaults: object) -> dict[str, TrainArgument]:
    return {name: TrainArgument(value, "obeyed") for name, value in defaults.items()}


def _ignored(why: str, **defaults: object) -> dict[str, TrainArgument]:
    return {name: TrainArgument(value, "ignored", why) for name, value in defaults.items()}


def _elsewhere(why: str, **defaults: object) -> dict[str, TrainArgument]:
    return {name: TrainArgument(value, "elsewhere", why) for name, value in defaults.items()}


def _refused(why: str, **defaults: object) -> dict[str, TrainArgument]:
    return {name: TrainArgument(value, "refused", why) for name, value in defaults.items()}


def _of_model(argument: str, **defaults: object) -> dict[str, TrainArgument]:
    return _refused(f"it is an argument of the model: write model.{argument}", **defaults)


TRAIN_ARGUMENTS = {
    # train.py's own defaults: `Recipe` departs from those of interpolation and crop_pct.
    **_obeyed(epochs=300, batch_size=128, grad_accum_steps=1),
    **_obeyed(opt="sgd", opt_eps=None, opt_betas=None, momentum=0.9, weight_decay=2e-5),
    **_obeyed(layer_decay=None, clip_grad=None, clip_mode="norm"),
    **_obeyed(lr=None, lr_base=0.1, lr_base_size=256, lr_base_scale="", sched="cosine"),
    **_obeyed(warmup_epochs=5, warmup_lr=1e-5, min_lr=0, cooldown_epochs=0, decay_epochs=90),
    **_obeyed(decay_milestones=[90, 180, 270], decay_rate=0.1),
    **_obeyed(no_aug=False, scale=[0.08, 1.0], ratio=[3.0 / 4.0, 4.0 / 3.0], hflip=0.5, vflip=0.0),
    **_obeyed(color_jitter=0.4, aa=None, aug_repeats=0, reprob=0.0, remode="pixel", recount=1),
    **_obeyed(interpolation="", crop_pct=None, smoothing=0.1, bce_loss=False),
    **_obeyed(mixup=0.0, cutmix=0.0, mixup_prob=1.0, mixup_switch_prob=0.5, mixup_mode="batch"),
    **_obeyed(mixup_off_epoch=0, model_ema=False, model_ema_decay=0.9998, model_ema_warmup=False),
    **_obeyed(amp=False, amp_dtype="float16", channels_last=False, grad_checkpointing=False),
    **_obeyed(torchcompile=None),
    # ---- the study says it ----
    **_elsewhere("baseline.model", model="resnet50"),
    **_elsewhere("baseline.data", data_dir=None, data=None, dataset="", dataset_download=False),
    **_elsewhere("baseline.data", train_split="train", val_split="validation", class_map=""),
    **_elsewhere("baseline.data", train_num_samples=None, val_num_samples=None, num_classes=None),
    **_elsewhere("baseline.data", dataset_trust_remote_code=False, input_img_mode=None),
    **_elsewhere("baseline.data", input_key=None, target_key=None, img_size=None, in_chans=None),
    **_elsewhere("baseline.data", input_size=None, mean=None, std=None),
    **_elsewhere("seeds", seed=42),
    # ---- it changes no result ----
    **_ignored("it only loads images", workers=4, pin_mem=False, no_prefetcher=False),
    **_ignored("it only loads images", use_multi_epochs_loader=False, loader_prefetch_factor=None),
    **_ignored("the draws of a trial depend on its seed alone", worker_seeding="all"),
    **_ignored(
        "it only writes files", output="", experiment="", log_interval=50, save_images=False
    ),
    **_ignored("it only writes files", recovery_interval=0, checkpoint_hist=10, log_wandb=False),
    **_ignored("it only writes files", wandb_project=None, wandb_tags=[], wandb_resume_id=""),
    **_ignored("it only chooses a checkpoint to keep; here the last counts", eval_metric="top1"),
    **_ignored("it only says when to evaluate", val_interval=1, validation_batch_size=None),
    **_ignored("it is the machine's", device="cuda", device_modules=None, local_rank=0),
    **_ignored("several processes compute here what one does", sync_bn=False, dist_bn="reduce"),
    **_ignored("several processes compute here what one does", no_ddp_bb=False),
    **_ignored("it changes speed alone", synchronize_step=False, fuser=""),
    **_ignored("it acts beside lr_noise alone", lr_noise_pct=0.67, lr_noise_std=1.0),
    **_ignored("it acts beside lr_cycle_limit alone", lr_cycle_mul=1.0, lr_cycle_decay=0.5),
    **_ignored("it acts with sched plateau alone", patience_epochs=10),
    **_ignored("it acts beside resume alone", no_resume_opt=False),
    **_ignored("it acts beside naflex_loader alone", naflex_max_seq_len=576),
    **_ignored(
        "it acts beside naflex_loader alone", naflex_train_seq_lens=[128, 256, 576, 784, 1024]
    ),
    **_ignored("it acts beside naflex_loader alone", naflex_patch_sizes=None),
    **_ignored("it acts beside naflex_loader alone", naflex_patch_size_probs=None),
    **_ignored("it acts beside naflex_loader alone", naflex_loss_scale="linear"),
    **_ignored("it acts beside kd_model_name alone", kd_distill_type="logit", kd_loss_type="kl"),
    **_ignored("it acts beside kd_model_name alone", distill_loss_weight=None, kd_temperature=4.0),
    **_ignored("it acts beside kd_model_name alone", task_loss_weight=None),
    **_ignored("it acts beside kd_model_name alone", kd_student_feature_dim=None),
    **_ignored("it acts beside kd_model_name alone", kd_teacher_feature_dim=None),
    **_ignored("it acts beside kd_model_name alone", kd_token_distill_type="soft"),
    # ---- it cannot be followed ----
    # train.py passes its argument (right) to the model under the name on the left.
    **_of_model("drop_rate", drop=0.0),
    **_of_model("drop_path_rate", drop_path=None, drop_connect=None),
    **_of_model("drop_block_rate", drop_block=None),
    **_of_model("global_pool", gp=None),
    **_of_model("bn_momentum", bn_momentum=None),
    **_of_model("bn_eps", bn_eps=None),
    **_of_model("ARGUMENT for each of them", model_kwargs={}),
    **_refused("write weights: timm in the baseline", pretrained=False),
    **_refused("write weights: FILE in the baseline", initial_checkpoint="", pretrained_path=None),
    **_refused("a trial starts anew; weights: FILE starts from weights", resume=""),
    **_refused("a trial starts at its first epoch", start_epoch=None),
    **_refused("a classifier starts as its model initialises it", head_init_scale=None),
    **_refused("a classifier starts as its model initialises it", head_init_bias=None),
    **_refused("norms are computed as the model defines them", fast_norm=False),
    **_refused("models are not scripted; torchcompile compiles them", torchscript=False),
    **_refused("models are compiled in the default mode", torchcompile_mode=None),
    **_refused("weights are float32; amp computes in a shorter type", model_dtype=None),
    **_refused("mixed precision is PyTorch's: write amp: true", native_amp=False, apex_amp=False),
    **_refused("mixed precision is PyTorch's", amp_impl="native"),
    **_refused("an optimizer has the arguments that are keys of a recipe", opt_kwargs={}),
    **_refused("layer_decay has no further argument here", layer_decay_min_scale=0),
    **_refused("layer_decay has no further argument here", layer_decay_no_opt_scale=None),
    **_refused("the learning rate changes with the epoch, not the update", sched_on_updates=False),
    **_refused("learning rates have no noise here", lr_noise=None),
    **_refused("schedules have one cycle here", lr_cycle_limit=1),
    **_refused("schedules have no k-decay here", lr_k_decay=1.0),
    **_refused("the warm-up is part of the schedule here", warmup_prefix=False),
    **_refused("an epoch is every image once; aug_repeats repeats them", epoch_repeats=0.0),
    **_refused("the crop of training is the random resized crop", train_crop_mode=None),
    **_refused("the transform timm has no such step here", color_jitter_prob=None),
    **_refused("the transform timm has no such step here", grayscale_prob=None),
    **_refused("the transform timm has no such step here", gaussian_blur_prob=None),
    **_refused("a batch has one split here", aug_splits=0, resplit=False, split_bn=False),
    **_refused("the losses are ce and bce", jsd_loss=False),
    **_refused("the loss bce has smoothing alone", bce_sum=False, bce_target_thresh=None),
    **_refused("the loss bce has smoothing alone", bce_pos_weight=None),
    **_refused("CutMix draws its area by cutmix", cutmix_minmax=None),
    # A value that `interpolation` repeats is obeyed; see `recipe_files`.
    **_refused(
        "training and evaluation share one: set interpolation", train_interpolation="random"
    ),
    **_refused("the average is computed beside the weights", model_ema_force_cpu=False),
    **_refused("an image is evaluated once", tta=0),
    **_refused("all images have one size", naflex_loader=False),
    **_refused("trials have no teacher", kd_model_name=None),
}
"""Every argument of train.py, by its key in args.yaml; older versions lack some of them."""
