"""A Telegram Bot API stand-in with people, groups, faults and a movable clock."""

from simulator.clock import SimulatorClock
from simulator.errors import ControlError
from simulator.inprocess import SimulatorRequest
from simulator.state import Settings
from simulator.world import World

__all__ = ["ControlError", "Settings", "SimulatorClock", "SimulatorRequest", "World"]
