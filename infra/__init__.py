"""What runs Backline: the embedded parts, the local stack, the command line and the deployment files."""
