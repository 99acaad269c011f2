from app.log_commands import *
