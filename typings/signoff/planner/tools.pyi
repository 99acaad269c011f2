from planner.tools import *
