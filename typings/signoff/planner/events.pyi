from planner.events import *
