"""The commands in groups, in the order of the help, each with an example."""

GROUPS = {
    "Studies": {
        "new": "study new train.py",
        "plan": "study plan ablations/stem.yaml --set seeds=5",
        "run": "study run ablations/stem.yaml --workers 2",
        "status": "study status ablations/stem.yaml --watch",
        "logs": 'study logs ablations/stem.yaml "ResNet/s1" --follow',
        "cancel": "study cancel ablations/stem.yaml",
        "worker": "study worker results/jobs/20260102-030405-678901-abcdef",
        "list": "study list models '*pvt*'",
        "show": "study show recipe rest_300e",
    },
    "Results": {
        "report": "study report ablations/stem.yaml --html",
        "table": "study table runs.csv --arm method --metric acc",
        "compare": "study compare ablations/stem.yaml baseline ResNet",
        "claims": "study claims ablations/stem.yaml",
        "results": "study results ablations/stem.yaml --csv",
        "export": "study export ablations/stem.yaml --format csv,timm",
        "track": "study track ablations/stem.yaml --to tensorboard",
    },
    "Models": {
        "bench": "study bench rest_lite resnet18 --batch-size 1,32",
        "eval": "study eval resnet18 --pretrained --data digits",
        "parts": "study parts rest_lite --depth 2",
    },
    "Machine and files": {
        "doctor": "study doctor ablations/stem.yaml",
        "clean": "study clean --dry-run",
        "plugins": "study plugins --check my_parts.py",
        "schema": "study schema -o study.schema.json",
        "completion": "study completion bash",
        "help": "study help run",
    },
}
"""Examples by group and command; each command is a module of `study.cli`."""
