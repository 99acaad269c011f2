from planner.phrasings import *
