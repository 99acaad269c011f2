from audit.sealing import *
