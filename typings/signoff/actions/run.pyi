from actions.run import *
