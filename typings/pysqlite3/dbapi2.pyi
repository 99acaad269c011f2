# pysqlite3 has the interface of the standard library's sqlite3 and no type information of its own.
from sqlite3 import *
