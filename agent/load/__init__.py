"""Many simulated callers at once: scenarios, arrival, measuring at the ear, report."""

from agent.load.crowd import run as run
from agent.load.launch import launch as launch
from agent.load.mistakes import Mistake as Mistake
from agent.load.plan import Plan as Plan
from agent.load.report import Report as Report
from agent.load.scenario import Scenario as Scenario
from agent.load.scenario import mix as mix
from agent.load.scenario import read_clips as read_clips
