from audit.remembered import *
