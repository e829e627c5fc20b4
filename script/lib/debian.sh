# For scripts that fetch packages of another Debian than this computer's. Source it. Nothing that it
# fetches is installed.

# The mirror of Debian that apt uses here.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    sed -n 's/ bookworm$//p' | head -n 1
}

# use_other_debian FOLDER ARCHITECTURE SUITE...: the apt commands that follow are about these suites.
# Their lists and packages are kept in FOLDER. Nothing counts as installed.
use_other_debian() {
  apt_folder=$1 apt_architecture=$2
  shift 2
  apt_mirror=$(debian_mirror)
  [ -n "$apt_mirror" ] || { echo "${0##*/}: no mirror for bookworm in apt's sources" >&2; return 1; }
  mkdir -p "$apt_folder/lists/partial" "$apt_folder/cache/archives/partial"
  for suite in "$@"; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $apt_mirror $suite main"
  done >"$apt_folder/sources.list"
  cat >"$apt_folder/apt.conf" <<CONF
quiet "2";
Dir::Etc::SourceList "$apt_folder/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$apt_folder/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt_folder/cache";
APT::Architecture "$apt_architecture";
APT::Architectures { "$apt_architecture"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
CONF
  export APT_CONFIG="$apt_folder/apt.conf"
  apt-get update
}
