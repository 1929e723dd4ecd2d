/** Times, the libraries of Kubernetes, optionals, and what does not compile. */
export const LIBRARY_EXPRESSIONS: readonly string[] = `
self.time > timestamp('2021-01-01T00:00:00Z')
self.time.getFullYear() == 2021
self.time.getMonth() == 7
self.time.getDayOfMonth() == 10
self.time.getDate() == 11
self.time.getDayOfWeek() == 3
self.time.getDayOfYear() == 222
self.time.getHours() == 10
self.time.getHours('+02:00') == 12
self.time.getHours('America/New_York') == 6
self.time.getHours('Nowhere/Land') == 6
self.time.getMinutes() == 20
self.time.getSeconds() == 30
self.time.getMilliseconds() == 123
self.time + duration('1h') > self.time
self.time - duration('1h') < self.time
self.time - self.time == duration('0s')
string(self.time) == '2021-08-11T10:20:30.123456789Z'
int(self.time) == 1628677230
timestamp(1628677230) < self.time
timestamp('nonsense') < self.time
timestamp(self.str) < self.time
self.date == timestamp('2021-08-11T00:00:00Z')
self.date < self.time
self.dur == duration('90m')
self.dur > duration('1h')
self.dur.getHours() == 1
self.dur.getMinutes() == 90
self.dur.getSeconds() == 5400
self.dur.getMilliseconds() == 5400000
string(self.dur) == '5400s'
self.dur + self.dur == duration('3h')
duration('x') == self.dur
duration(self.str) == self.dur
duration('1.5s').getMilliseconds() == 1500
isURL('https://example.com:80/path?q=1')
isURL('../relative')
isURL('/absolute')
isURL('')
url('https://user:pass@example.com:8080/a%20b?x=1&x=2&y=z').getHost() == 'example.com:8080'
url('https://user:pass@example.com:8080/a%20b').getHostname() == 'example.com'
url('https://example.com:8080/').getPort() == '8080'
url('https://example.com/').getPort() == ''
url('https://[::1]:80/').getHostname() == '::1'
url('https://example.com/a%20b').getEscapedPath() == '/a%20b'
url('https://example.com/?x=1&x=2&y=z').getQuery() == {'x': ['1', '2'], 'y': ['z']}
url('HTTPS://example.com/').getScheme() == 'https'
url('/path').getScheme() == ''
url('::nope') == url('/x')
url('https://a/') == url('https://a/')
isIP('127.0.0.1')
isIP('::1')
isIP('::ffff:1.2.3.4')
isIP('fe80::1%eth0')
isIP('256.0.0.1')
isIP('1.2.3')
isIP('01.2.3.4')
ip('127.0.0.1').family() == 4
ip('::1').family() == 6
ip('127.0.0.1').isLoopback()
ip('0.0.0.0').isUnspecified()
ip('224.0.0.1').isLinkLocalMulticast()
ip('169.254.1.1').isLinkLocalUnicast()
ip('fe80::1').isLinkLocalUnicast()
ip('8.8.8.8').isGlobalUnicast()
ip('10.0.0.1').isGlobalUnicast()
ip('ff02::1').isLinkLocalMulticast()
ip('not-an-ip').family() == 4
ip('192.168.0.1') == ip('192.168.0.1')
string(ip('2001:DB8::1')) == '2001:db8::1'
ip.isCanonical('2001:db8::1')
ip.isCanonical('2001:DB8::1')
isCIDR('10.0.0.0/8')
isCIDR('10.0.0.0/33')
isCIDR('10.0.0.0')
cidr('10.0.0.0/8').containsIP('10.1.2.3')
cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))
cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')
cidr('10.0.0.0/8').prefixLength() == 8
cidr('10.1.2.3/8').ip() == ip('10.1.2.3')
string(cidr('2001:db8::/32')) == '2001:db8::/32'
cidr('nope').prefixLength() == 8
isQuantity('1Gi')
isQuantity('1.5e3')
isQuantity('1Mo')
isQuantity('')
isQuantity('.5')
isQuantity('1e')
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('1Gi').isLessThan(quantity('1G'))
quantity('100m').compareTo(quantity('0.1')) == 0
quantity('50k') == quantity('50000')
quantity('1Gi').asInteger() == 1073741824
quantity('100m').asInteger() == 0
quantity('100m').isInteger()
quantity('2').isInteger()
quantity('1.5Gi').isInteger()
quantity('100m').asApproximateFloat() == 0.1
quantity('1').add(quantity('500m')) == quantity('1.5')
quantity('1').add(2) == quantity('3')
quantity('1').sub(quantity('500m')) == quantity('500m')
quantity('1').sub(2) == quantity('-1')
quantity('-1').sign() == -1
sign(quantity('-1')) == -1
sign(quantity('0')) == 0
quantity('1Mo') == quantity('1')
quantity(self.str) == quantity('1')
isSemver('1.2.3')
isSemver('1.2')
isSemver('v1.2', true)
isSemver('1.02.3')
isSemver('01.2.3', true)
semver('1.2.3').isLessThan(semver('1.2.4'))
semver('1.2.3-alpha').isLessThan(semver('1.2.3'))
semver('1.2.3').compareTo(semver('1.2.3')) == 0
semver('1.2.3').major() == 1
semver('1.2.3').minor() == 2
semver('1.2.3').patch() == 3
semver('1.2.3') == semver('1.2.3+build')
semver('v1.0', true).minor() == 0
semver('1.2').minor() == 2
format.dns1123Label().validate('my-label').hasValue()
format.dns1123Label().validate('My-Label').hasValue()
format.dns1123Label().validate('My-Label').value() == ['x']
format.dns1123Subdomain().validate('a.b').hasValue()
format.dns1123Subdomain().validate('a..b').value() == ['x']
format.dns1035Label().validate('1a').value() == ['x']
format.qualifiedName().validate('a/b').hasValue()
format.qualifiedName().validate('a/b/c').value() == ['x']
format.labelValue().validate('-').value() == ['x']
format.uri().validate('https://a').hasValue()
format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.uuid().validate('x').value() == ['does not match the UUID format']
format.byte().validate('aGVsbG8=').hasValue()
format.byte().validate('!').value() == ['invalid base64']
format.date().validate('2021-01-01').hasValue()
format.date().validate('x').value() == ['invalid date']
format.datetime().validate('2021-01-01T00:00:00Z').hasValue()
format.named('dns1123Label').hasValue()
format.named('nothing').hasValue()
format.named('dns1123Label').value().validate('a') == optional.none()
sets.contains([1, 2, 3], [1])
sets.contains([1], [1, 2])
sets.equivalent([1, 2], [2, 1, 1])
sets.intersects([1, 2], [2, 3])
sets.intersects([1], [2])
self.?maybe.hasValue()
self.?str.hasValue()
self.?maybe.orValue('default') == 'default'
self.?str.orValue('default') == 'kubernetes'
self.?obj.?x.orValue(0) == 1
self.?obj.z.deep.orValue('') == 'd'
self.?maybe == optional.none()
self.?str == optional.of('kubernetes')
self.map[?'one'].orValue(0) == 1
self.map[?'nine'].orValue(0) == 0
self.ints[?9].hasValue()
self.ints[?0].value() == 1
self.?maybe.value() == 'x'
self.?maybe.or(self.?str).value() == 'kubernetes'
self.?str.optMap(s, s + '!').orValue('') == 'kubernetes!'
self.?maybe.optMap(s, s + '!').orValue('none') == 'none'
self.?obj.optFlatMap(o, o.?y).orValue('') == 'why'
optional.ofNonZeroValue('').hasValue()
optional.ofNonZeroValue('a').hasValue()
optional.none().hasValue()
optional.of(self.int).value() == 7
self.missing
self.str
self.int
self.str == 1
self.int == '7'
self.str + 1 == 'x'
self.str.foo() == 1
foo(self.str)
self.str.size == 10
self.ints.name == 1
size(self.int) == 1
self.int.all(x, x)
self.ints.all(x, x)
self.ints.all(self.x, true)
has(self)
has(self.ints[0])
[1, 'a'].size() == 2
{'a': 1, 'b': 'x'}.size() == 2
self.bool ? 1 : 'a'
unknown == 1
self == self
self.spec.x == 1
self.int ==
self.int == 7)
self.int = 7
'unterminated
self.ints.map(x, y, z, w)
self.int == 7 && self.missing == 1 && self.str == 2
1 + 1
true
false
self.embedded.metadata.name.size() > 1
`
  .split('\n')
  .filter((line) => line !== '');
