from planner.transport import *
