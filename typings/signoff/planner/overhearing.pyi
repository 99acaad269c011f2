from planner.overhearing import *
