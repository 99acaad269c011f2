from app.chat_command import *
