from audit.notes import *
