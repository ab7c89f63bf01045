# Watches over one PostgreSQL server, and ends it when nobody holds it any more.
#
# Arguments: keep|remove DIRECTORY LOG MARKER COMMAND...
# Standard input is the read end of a FIFO or pipe. Whoever uses the server holds its write end open, so that
# the end of file means that the last one has gone, kill -9 included. A line of hexadecimal digits is answered
# by a file of that name in DIRECTORY: its sender then knows that this watchdog has not seen the end of file.
# MARKER appears once the server is gone. With `remove`, DIRECTORY goes too when the input ends.

mode=$1 dir=$2 log=$3 marker=$4
shift 4
umask 077
# A service manager signals whole groups, while the users of the server may still need it to finish their work.
trap '' HUP INT TERM
# Background jobs get /dev/null as standard input, so the watched end moves to 3, which the server must not have.
# Standard output is a locked file: the lock falls when this script has ended, and says so to who comes next.
exec 3<&0 4>&1 </dev/null >>"$log" 2>&1 || exit

"$@" 3<&- 4>&- &
server=$!

# Sends signal $1 until the server has gone, for at most $2 tenths of a second. Again and again, because a server
# that has only just been started does not hear the first; PostgreSQL takes a repeated one for the first.
end_with() {
    left=$2
    while kill "-$1" "$server" 2>/dev/null; do
        [ "$left" -gt 0 ] || return 1
        if sleep 0.1 4>&- 2>/dev/null; then left=$((left - 1)); else sleep 1 4>&-; left=$((left - 10)); fi
    done
}

watch() {
    while read -r token <&3; do
        case $token in
        '' | *[!0-9a-f]*) ;;
        *) : >"$dir/ack.$token" ;;
        esac
    done
    exec 3<&- # from here on, who wants to join sees that nobody reads
    [ ! -f "$dir/frozen" ] || kill -CONT $(cat "$dir/frozen")
    # The postmaster kills what has not quit after 5 s (SIGKILL_CHILDREN_AFTER_SECS), so it gets 7 s for that.
    end_with INT 100 || end_with QUIT 70 || kill -KILL "$server"
}

watch &
watcher=$!
[ "$mode" = remove ] || exec 3<&-

wait "$server"
status=$?
kill -KILL "$watcher" 2>/dev/null # also so that it never signals a stranger who got the server's number
wait "$watcher" 2>/dev/null
: >"$marker"
[ "$mode" = remove ] || exit "$status"

while read -r _ <&3; do :; done
rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }
