from app.show_command import *
