from planner.wire import *
