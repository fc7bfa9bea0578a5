"""A task of your own: a trial fits a support vector machine on digits and counts its mistakes."""

from pydantic import Field
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from study.spec.metric import Catalogue, Metric
from study.spec.schema.types import Strict
from study.tasks import TASKS
from study.tasks.simple import SimpleTask
from study.trial.running import Finished, RunningTrial


class Machine(Strict):
    """What a study file may say of the machine."""

    penalty: float = Field(1.0, gt=0)
    kernel: str = "rbf"


class Baseline(Strict):
    """The machine that all arms depart from."""

    svm: Machine


class Svm(SimpleTask):
    """A support vector machine; the seed draws the images that it learns from."""

    baseline = Baseline
    catalogue = Catalogue(
        {
            "accuracy": Metric("Accuracy", "%", 100, 1, better="higher", kind="quality"),
            "vectors": Metric("Support vectors", "", 1, 0, better="lower", kind="quality"),
        }
    )

    def run(self, trial: RunningTrial) -> Finished:
        machine, seed = Machine(**trial.record.config.parts["svm"]), trial.record.seed
        images, digits = load_digits(return_X_y=True)
        split = train_test_split(images, digits, train_size=400, random_state=seed)
        train_images, test_images, train_digits, test_digits = split
        svm = SVC(C=machine.penalty, kernel=machine.kernel).fit(train_images, train_digits)
        accuracy = svm.score(test_images, test_digits)
        return Finished({"accuracy": accuracy, "vectors": float(svm.n_support_.sum())})


TASKS["svm"] = Svm()
