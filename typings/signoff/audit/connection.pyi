from audit.connection import *
