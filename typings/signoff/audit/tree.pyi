from audit.tree import *
