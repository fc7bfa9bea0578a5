"""The state of a machine and device during timing: load, clocks, temperature, power.

Everything is read and nothing is set; a value that cannot be read is absent.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

CPUS = Path("/sys/devices/system/cpu")
ZONES = Path("/sys/class/thermal")

THROTTLING = {  # bits of nvml.h, nvmlClocksEventReason*
    0x1: "idle",
    0x2: "clocks set",
    0x4: "power cap",
    0x8: "hardware",
    0x10: "sync boost",
    0x20: "software thermal",
    0x40: "hardware thermal",
    0x80: "power brake",
    0x100: "display",
}


def machine_state(device: str) -> dict[str, Any]:
    """Load average, clocks in MHz, temperatures in °C, power in W, and causes of throttling."""
    return _machine() | (_gpu(device) if device.startswith("cuda") else {})


def _machine() -> dict[str, Any]:
    state: dict[str, Any] = {}
    with suppress(OSError, AttributeError):  # Windows has no load average
        state["load"] = os.getloadavg()[0]
    # The kernel gives kHz here, and thousandths of a degree below.
    if clocks := [int(text) / 1e3 for text in _texts(CPUS, "cpu*/cpufreq/scaling_cur_freq")]:
        state["cpu_mhz"] = [min(clocks), max(clocks)]
    if governors := set(_texts(CPUS, "cpu*/cpufreq/scaling_governor")):
        state["governor"] = ", ".join(sorted(governors))
    if degrees := [int(text) / 1e3 for text in _texts(ZONES, "thermal_zone*/temp")]:
        state["cpu_celsius"] = max(degrees)
    return state


def _texts(folder: Path, pattern: str) -> list[str]:
    texts = []
    for path in sorted(folder.glob(pattern)):
        with suppress(OSError):
            texts.append(path.read_text().strip())
    return texts


def _gpu(device: str) -> dict[str, Any]:
    with nvml(device) as handle:
        if handle is None:
            return {}
        import pynvml

        bits = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons
        # 1 and 0 are NVML_CLOCK_SM and NVML_TEMPERATURE_GPU of nvml.h.
        read: dict[str, Callable[[], Any]] = {
            "gpu_mhz": lambda: pynvml.nvmlDeviceGetClockInfo(handle, 1),
            "gpu_celsius": lambda: pynvml.nvmlDeviceGetTemperature(handle, 0),
            "gpu_watts": lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1e3,  # from mW
            "driver": pynvml.nvmlSystemGetDriverVersion,
            "throttled": lambda: throttling(bits(handle)),
        }
        state = {}
        for name, value in read.items():
            # Devices differ in what they support: each value is read by itself.
            with suppress(pynvml.NVMLError):
                state[name] = value()
        return state


def throttling(bits: int) -> list[str]:
    """The causes that hold a GPU's clocks back, in words."""
    return [cause for bit, cause in THROTTLING.items() if bits & bit]


@contextmanager
def nvml(device: str) -> Iterator[Any]:
    """NVML's handle of a torch device; None without the extra `gpu`, a driver, or the device."""
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
        pynvml.nvmlShutdown()  # NVML counts its users: others in this process keep it


def _handle(pynvml: Any, device: str) -> Any:
    """Found by UUID: NVML numbers all devices, torch only the visible ones."""
    import torch

    try:
        unique = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return pynvml.nvmlDeviceGetHandleByUUID(unique)
    except (pynvml.NVMLError, RuntimeError, AssertionError, AttributeError):
        return None
