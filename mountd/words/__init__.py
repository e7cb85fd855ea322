"""What things are: errors, the model, the mount-s3 options, file and bus names. Imports nothing of ours."""
