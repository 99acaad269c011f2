from audit.spreadsheet import *
