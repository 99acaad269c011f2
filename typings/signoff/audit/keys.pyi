from audit.keys import *
