from audit.sqlite import *
