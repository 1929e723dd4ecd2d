// The first file of the package: older versions of Node could not even read the others.
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(
    `troupe: Node 24 or newer is needed, this is ${process.versions.node} (${process.execPath})\n`,
  );
  process.exit(1);
}
// The first process of a container gets no signal that it does not ask for (pid_namespaces(7)): it could not be
// stopped while it starts, nor a command by Ctrl-C. Whoever asks for signals later is the one to obey them.
if (process.pid === 1) {
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 })) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
}
await import(new URL('troupe.js', import.meta.url));
