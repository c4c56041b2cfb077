from setuptools import find_packages, setup

package_name = 'vla_execution'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='Chunk scheduler and jerk-limited interpolator.',
    license='Apache-2.0',
    entry_points={'console_scripts': ['execution = vla_execution.node:main']},
)
