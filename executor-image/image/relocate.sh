#!/bin/bash
# Makes /opt/troupe of the programs in the folder given: a folder that works in any Linux image of this architecture,
# whatever is installed there, with the C library of GNU, another one or none. Each program names the loader and the
# libraries in this folder as its own (patchelf), so nothing has to be set in the environment, which programs of the
# image would inherit. Runs once, when the image is built, in a container of the base image.
set -euo pipefail

given=$1
target=/opt/troupe
patchelf="$given/patchelf"
"$patchelf" --version

# Commands of the base image that the runner needs, and those that an agent expects where the image has none.
# The runner looks here first, an agent last.
tools=(bash cmp diff find git grep gzip patch pgrep pkill prlimit ps sed setpriv ssh tar xargs)
for file in $(dpkg --listfiles coreutils | grep -E '^(/usr)?/s?bin/'); do tools+=("$(basename "$file")"); done
[ -z "$(type -P git-lfs)" ] || tools+=(git-lfs)

loader() { "$patchelf" --print-interpreter "$1" 2>/dev/null || true; }

# Copies what a program loads, and has it look nowhere else. A static program has no loader and stays as it is.
relocate() {
  local interpreter library
  interpreter=$(loader "$1")
  [ -n "$interpreter" ] || return 0
  cp --no-clobber --dereference "$interpreter" "$target/lib/"
  for library in $(ldd "$1" | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p'); do
    cp --no-clobber --dereference "$library" "$target/lib/"
  done
  # RPATH and not RUNPATH: it goes before LD_LIBRARY_PATH, and holds for the libraries of libraries.
  "$patchelf" --set-interpreter "$target/lib/$(basename "$interpreter")" --force-rpath --set-rpath "$target/lib" "$1"
}

mkdir --parents "$target"/{bin,lib,libexec,share}

for program in "$given"/*; do
  [ "$(basename "$program")" != patchelf ] && [ "$program" != "$0" ] || continue
  cp --recursive "$program" "$target/"
  [ -d "$program" ] || relocate "$target/$(basename "$program")"
done

for tool in "${tools[@]}"; do
  cp --dereference "$(type -P "$tool")" "$target/bin/$tool"
  relocate "$target/bin/$tool"
done

# git runs its parts, which it looks for where it was built to be.
parts="$target/libexec/git-core"
cp --recursive --no-dereference /usr/lib/git-core "$target/libexec/"
(
  cd "$parts"
  # For servers, for mail and in Perl: of no use here, and a third of the size.
  rm -rf git-daemon git-http-backend git-http-push git-http-fetch git-imap-send git-shell git-instaweb scalar \
    git-add--interactive git-subtree git-web--browse git-quiltimport git-request-pull mergetools
)
for part in "$parts"/*; do
  if [ -L "$part" ]; then continue; fi
  case $(head --bytes=9 "$part" | tr -d '\0') in
    '#!/bin/sh') sed --in-place "1s|.*|#!$target/bin/bash|" "$part" ;;
    *) relocate "$part" ;;
  esac
done
cp --recursive /usr/share/git-core "$target/share/"
cp --dereference /etc/ssl/certs/ca-certificates.crt "$target/share/ca-certificates.crt"
cat >"$target/bin/git" <<END
#!$target/bin/bash
export GIT_EXEC_PATH=$parts GIT_TEMPLATE_DIR=$target/share/git-core/templates
[[ -e /etc/ssl/certs/ca-certificates.crt ]] || export GIT_SSL_CAINFO="\${GIT_SSL_CAINFO:-$target/share/ca-certificates.crt}"
exec $parts/git "\$@"
END

# ssh wants to know the user, whom an image of somebody else does not list.
cp --dereference "$(dpkg --listfiles libnss-wrapper | grep '/libnss_wrapper.so$')" "$target/lib/"
mv "$target/bin/ssh" "$target/libexec/ssh"
printf 'root:x:0:0:root:/root:\nagent:x:10001:10001:agent:/home/agent:\n' >"$target/share/passwd"
printf 'root:x:0:\nagent:x:10001:\n' >"$target/share/group"
cat >"$target/bin/ssh" <<END
#!$target/bin/bash
export LD_PRELOAD=$target/lib/libnss_wrapper.so
export NSS_WRAPPER_PASSWD=$target/share/passwd NSS_WRAPPER_GROUP=$target/share/group
exec $target/libexec/ssh "\$@"
END
chmod 0755 "$target/bin/git" "$target/bin/ssh"
