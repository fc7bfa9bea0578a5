"""What a device and its machine were like while something was timed, as far as they tell.

Everything here is read, nothing is set, and what cannot be read is absent.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

CPUS = Path("/sys/devices/system/cpu")
ZONES = Path("/sys/class/thermal")

REASONS = {  # of nvml.h, nvmlClocksEventReason*
    0x1: "idle", 0x2: "clocks set", 0x4: "power cap", 0x8: "hardware", 0x10: "sync boost",
    0x20: "software thermal", 0x40: "hardware thermal", 0x80: "power brake", 0x100: "display",
}  # fmt: skip


def surroundings(device: str) -> dict[str, Any]:
    """Load; clocks in MHz, temperatures in °C, power in W, and why clocks are held back."""
    return _machine() | (_gpu(device) if device.startswith("cuda") else {})


def _machine() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with suppress(OSError, AttributeError):
        found["load"] = os.getloadavg()[0]
    if clocks := [int(text) / 1e3 for text in _texts(CPUS, "cpu*/cpufreq/scaling_cur_freq")]:
        found["cpu_mhz"] = [min(clocks), max(clocks)]
    if governors := set(_texts(CPUS, "cpu*/cpufreq/scaling_governor")):
        found["governor"] = ", ".join(sorted(governors))
    if degrees := [int(text) / 1e3 for text in _texts(ZONES, "thermal_zone*/temp")]:
        found["cpu_celsius"] = max(degrees)
    return found


def _texts(folder: Path, pattern: str) -> list[str]:
    found = []
    for path in sorted(folder.glob(pattern)):
        with suppress(OSError):
            found.append(path.read_text().strip())
    return found


def _gpu(device: str) -> dict[str, Any]:
    with nvml(device) as asked:
        if asked is None:
            return {}
        import pynvml

        # The numbers are of nvml.h: NVML_CLOCK_SM and NVML_TEMPERATURE_GPU.
        read: dict[str, Callable[[], Any]] = {
            "gpu_mhz": lambda: pynvml.nvmlDeviceGetClockInfo(asked, 1),
            "gpu_celsius": lambda: pynvml.nvmlDeviceGetTemperature(asked, 0),
            "gpu_watts": lambda: pynvml.nvmlDeviceGetPowerUsage(asked) / 1e3,
            "driver": pynvml.nvmlSystemGetDriverVersion,
            "throttled": lambda: reasons(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(asked)),
        }
        found = {}
        for name, value in read.items():
            with suppress(pynvml.NVMLError):
                found[name] = value()
        return found


def reasons(bits: int) -> list[str]:
    """In words, why a GPU does not run faster."""
    return [word for bit, word in REASONS.items() if bits & bit]


@contextmanager
def nvml(device: str) -> Iterator[Any]:
    """NVML's handle of torch's device; None without the extra `gpu`, a driver, or the device."""
    try:
        import pynvml
    except ImportError:
        yield None
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield _handle(pynvml, device)
    finally:
        pynvml.nvmlShutdown()


def _handle(pynvml: Any, device: str) -> Any:
    """By its unique name: NVML numbers all devices, torch those that it may see."""
    import torch

    try:
        unique = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return pynvml.nvmlDeviceGetHandleByUUID(unique)
    except (pynvml.NVMLError, RuntimeError, AssertionError, AttributeError):
        return None
