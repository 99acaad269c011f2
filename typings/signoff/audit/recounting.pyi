from audit.recounting import *
