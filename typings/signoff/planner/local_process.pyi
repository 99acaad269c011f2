from planner.local_process import *
