from audit import *
