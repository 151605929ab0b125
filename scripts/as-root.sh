# Sourced by the set-up scripts: runs a command as root, or through sudo, or says what to do.

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: '$*' needs root: run as root, or install sudo and allow this user to use it" >&2
        return 1
    fi
}
