from actions.registry import *
