from planner.strict_json import *
