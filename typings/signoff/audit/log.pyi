from audit.log import *
