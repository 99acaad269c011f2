from planner.endpoint import *
