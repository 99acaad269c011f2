from audit.checkpoints import *
