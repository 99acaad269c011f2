from planner.answer import *
