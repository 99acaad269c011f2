from app.delegate_command import *
